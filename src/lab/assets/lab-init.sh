#!/bin/sh
# PID 1 of a lab host: makes writable what nspawn leaves read-only and Kubernetes writes, then becomes systemd.
mount --make-rprivate /proc
mount --make-rshared /
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ -L "$folder" ] || ! mountpoint -q "$folder" || mount -o remount,bind,rw "$folder"
done
# A private file over each sysctl that would be the whole machine's.
for key in vm/overcommit_memory vm/panic_on_oom vm/max_map_count vm/swappiness vm/nr_hugepages kernel/panic \
  kernel/panic_on_oops kernel/pid_max kernel/threads-max kernel/keys/root_maxkeys kernel/keys/root_maxbytes \
  kernel/keys/maxkeys kernel/core_pattern kernel/core_uses_pid kernel/sysrq fs/inotify/max_user_instances \
  fs/inotify/max_user_watches fs/inotify/max_queued_events fs/file-max fs/nr_open fs/aio-max-nr \
  fs/protected_hardlinks fs/protected_symlinks fs/protected_regular fs/protected_fifos; do
  [ -f "/proc/sys/$key" ] || continue
  file=/run/lab-sysctl/$key
  mkdir -p "${file%/*}"
  cat "/proc/sys/$key" >"$file" && mount --bind "$file" "/proc/sys/$key"
done
exec /lib/systemd/systemd "$@"
