# Packs flanneld with what it calls into a container image. Usage: sh make-flannel-image.sh OUTPUT REFERENCE TEMPLATE FLANNELD
# iptables, iproute2 and busybox are those of the template, each with the libraries that it asks for.
set -eu
umask 022
output=$1 reference=$2 template=$3 flanneld=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/opt/bin"
cp "$template/bin/busybox" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do case $applet in busybox | ip) ;; *) ln -s busybox "$root/bin/$applet" ;; esac; done
cp "$template/usr/sbin/xtables-nft-multi" "$template/usr/bin/ip" "$root/bin/"
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do ln -s xtables-nft-multi "$root/bin/$name"; done
for library in $(chroot "$template" ldd /usr/sbin/xtables-nft-multi /usr/bin/ip | grep -oE '/lib[^ ]*' | sort -u); do
  mkdir -p "$root${library%/*}"
  cp -L "$template$library" "$root$library"
done
plugins=$(cd "$template" && echo usr/lib/*/xtables)
mkdir -p "$root/$plugins"
cp "$template/$plugins"/*.so "$root/$plugins/"
echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
cp "$flanneld" "$root/opt/bin/flanneld"
sh "${0%/*}/make-image.sh" "$output" "$reference" "$root" /opt/bin/flanneld
