# Packs what the lab's hosts share. Usage: sh pack-parts.sh OUTPUT TEMPLATE KUBERNETES PACKAGES ASSETS
#   control-plane/ node/     layers over the template: the programs in /opt/k8s/bin, the images of the nodes
#   artifacts/               the tarball of CNI plugins, one without the plugin flannel, and that plugin by itself
# Of a package in several versions the latest counts; only the earliest has the plugin flannel.
set -eu
umask 022
output=$1 template=$2 kubernetes=$3 packages=$4 assets=$5
mkdir -p "$output/control-plane/opt/k8s/bin" "$output/node/opt/k8s/bin" "$output/node/opt/k8s/images" "$output/artifacts"
for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$packages/unpacked"; done

for program in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
  cp -l "$kubernetes/$program" "$output/control-plane/opt/k8s/bin/"
done
cp "$packages/unpacked/usr/bin/etcd" "$packages/unpacked/usr/bin/etcdctl" "$output/control-plane/opt/k8s/bin/"
cp -l "$kubernetes/kubelet" "$kubernetes/kube-proxy" "$output/node/opt/k8s/bin/"

root=$packages/pause
mkdir -p "$root"
cp "$kubernetes/pause" "$root/pause"
sh "$assets/make-image.sh" "$output/node/opt/k8s/images/pause.tar" "$PAUSE_IMAGE" "$root" /pause

root=$packages/busybox
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/sys" "$root/dev"
cp "$template/bin/busybox" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
sh "$assets/make-image.sh" "$output/node/opt/k8s/images/verify.tar" "$VERIFY_IMAGE" "$root" /bin/sh

plugins=$packages/unpacked/usr/lib/cni
bundle=$output/artifacts/cni-plugins-linux-$(dpkg --print-architecture)-v$PLUGINS
pack_plugins() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$plugins" "$@" -cf - . | gzip -n
}
pack_plugins >"$bundle.tgz"
pack_plugins --exclude=./flannel >"$bundle-without-flannel.tgz"
cp "$plugins/flannel" "$output/artifacts/flannel-cni-plugin"
