# Makes a bare Debian root file system the template of all lab hosts. Usage: sh customize-template.sh TEMPLATE ASSETS
set -eu
umask 022
template=$1 assets=$2 kernel=$(uname -r)
cd "$template"
inside() { chroot "$template" "$@"; }

rm -f etc/ssh/ssh_host_* var/lib/dbus/machine-id etc/resolv.conf
: >etc/machine-id
: >etc/resolv.conf # no names and no way out
: >etc/fstab
echo LANG=C.UTF-8 >etc/default/locale

# Hosts cannot load modules: modprobe is told that what Kubernetes asks for is built in.
mkdir -p "lib/modules/$kernel/kernel"
for module in overlay br_netfilter bridge veth vxlan tun loop nf_conntrack nf_nat nf_tables nft_compat nft_ct nft_nat \
  nft_masq nft_fib nft_limit nft_reject ip_tables ip6_tables iptable_filter iptable_nat iptable_mangle iptable_raw \
  ip6table_filter ip6table_nat ip6table_mangle x_tables xt_conntrack xt_MASQUERADE xt_comment xt_mark xt_multiport \
  xt_addrtype xt_set xt_statistic xt_recent xt_physdev xt_TPROXY xt_socket ip_set ip_set_hash_ip ip_set_hash_net \
  ip_set_hash_ipport ip_set_bitmap_port nf_conntrack_netlink nfnetlink macvlan autofs4 fuse ext4 xfs btrfs squashfs \
  configs; do
  echo "kernel/lab/$module.ko"
done >"lib/modules/$kernel/modules.builtin"
: >"lib/modules/$kernel/modules.order"
inside depmod "$kernel" 2>/dev/null || true

# root and ops (sudo without a password) and deploy (sudo with the password "deploy") log in with the lab's key.
inside useradd -m -u 1000 -s /bin/bash -G sudo ops
inside useradd -m -u 1001 -s /bin/bash -G sudo deploy
echo 'ops ALL=(ALL) NOPASSWD:ALL' >etc/sudoers.d/ops
chmod 440 etc/sudoers.d/ops
echo deploy:deploy | inside chpasswd
echo 'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/lab_authorized_keys' >etc/ssh/sshd_config.d/lab.conf

inside systemctl -q enable ssh.service
inside systemctl -q disable docker.service docker.socket containerd.service apt-daily.timer apt-daily-upgrade.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service 2>/dev/null || true
inside systemctl -q mask console-getty.service container-getty@.service systemd-networkd.service \
  systemd-resolved.service systemd-networkd-wait-online.service 2>/dev/null || true
mkdir -p etc/systemd/journald.conf.d var/log/journal
printf '[Journal]\nStorage=persistent\nSystemMaxUse=64M\nReadKMsg=no\n' >etc/systemd/journald.conf.d/lab.conf
echo 'L /dev/kmsg - - - - /dev/null' >etc/tmpfiles.d/lab-kmsg.conf # the kubelet opens it
# Else each login of root starts a systemd of its own, and ends it.
mkdir -p var/lib/systemd/linger
: >var/lib/systemd/linger/root
# A reboot waits for what ignores SIGTERM, as programs of pods do; not the usual minute and a half.
mkdir -p etc/systemd/system.conf.d
printf '[Manager]\nDefaultTimeoutStopSec=10s\n' >etc/systemd/system.conf.d/lab.conf
# Of the two sysctl programs only procps' can write to the private files of lab-init.
mkdir -p etc/systemd/system/systemd-sysctl.service.d
printf '[Service]\nExecStart=\nExecStart=-/sbin/sysctl -q --system\n' >etc/systemd/system/systemd-sysctl.service.d/lab.conf

mkdir -p usr/local/lib/lab
mv usr/bin/jq usr/local/lib/lab/jq # hosts are meant to have neither jq nor python
install -m 755 "$assets/lab-init.sh" usr/local/sbin/lab-init
install -m 755 "$assets/runc-clamp.sh" usr/local/lib/lab/runc-clamp
