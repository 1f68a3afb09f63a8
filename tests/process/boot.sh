#!/bin/bash
# A Debian in a directory, booted: its systemd as process 1 of namespaces of its own, until it is killed. Needs root.
# Usage: boot.sh ROOT &   and then, with the pid of systemd (the child of the last `unshare`):
#        nsenter -t PID -p -m -u -i -C COMMAND
set -euo pipefail
. "$(dirname "$0")/../help.sh"
root=$(realpath "${1:?usage: boot.sh ROOT}")
mkdir -p "$root/mnt"
: >"$root/etc/machine-id" # it draws one
exec unshare --pid --fork --mount --uts --ipc --cgroup --kill-child bash -euc '
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys" -o ro
mount -t tmpfs tmpfs "$root/sys/fs/cgroup" -o mode=755
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run" -o mode=755
mount -t tmpfs tmpfs "$root/dev" -o mode=755
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console --unit=multi-user.target
' boot "$root"
