#!/bin/bash
# The .deb as a machine meets it: built, looked into, installed into a bare Debian 12 whose own systemd runs the unit (boot.sh),
# killed, upgraded, removed, purged. Needs root, debootstrap and the Debian mirror; not part of tests/run.sh.
# Usage: [SAFAR_PREVIOUS_DEB=FILE] package.sh BUILD-DIR [MIRROR]      the upgrade is from that one, else from the same
set -euo pipefail
. "$(dirname "$0")/../help.sh"

build=$(realpath "${1:?usage: package.sh BUILD-DIR [MIRROR]}")
mirror=${2:-http://deb.debian.org/debian}
root=$(mktemp -d /tmp/safar-package-XXXXXX)
machine= # its systemd
clean() {
    [ -z "$machine" ] || kill -9 "$machine" || true
    ! mountpoint -q "$root/debian/proc" || umount "$root/debian/proc"
    rm -rf --one-file-system "$root"
}
trap clean EXIT

say() { printf '%s\n' "== $*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
inside() { chroot "$root/debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

booted() { nsenter -t "$machine" -p -m -u -i -C env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

say "pack"
(cd "$build" && cpack -B "$root/out" >"$root/cpack.log") || { cat "$root/cpack.log"; exit 1; }
deb=$(ls "$root"/out/*.deb)
dpkg-deb -I "$deb"
listing=$(dpkg-deb -c "$deb")
for path in usr/bin/safar usr/bin/safard lib/systemd/system/safard.service usr/share/safar/schema/return.toml \
            usr/share/safar/monitoring/alerts.yml usr/share/man/man1/safar.1 usr/share/man/man8/safard.8 \
            usr/share/bash-completion/completions/safar usr/share/doc/safar/copyright usr/share/doc/safar/operating.md \
            usr/share/doc/safar/access.md; do
    grep -q "/$path" <<<"$listing" || fail "$path is not in the package"
done
grep -qE '/(systemd|packaging)/(safard.service|postinst)$' <<<"$(grep usr/share/safar <<<"$listing" || true)" &&
    fail "packaging files are in usr/share/safar"
dpkg-deb -f "$deb" Depends | grep -q librocksdb || fail "dependencies were not found"
grep -q '/usr/bin/safard --data' <(dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards '*/safard.service') ||
    fail "the unit does not name /usr/bin/safard"

say "a bare Debian 12"
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus bookworm "$root/debian" "$mirror" >"$root/debootstrap.log" 2>&1 ||
    { tail -5 "$root/debootstrap.log"; fail "debootstrap"; }
cp "${SAFAR_PREVIOUS_DEB:-$deb}" "$root/debian/root/safar.deb"
cp "$deb" "$root/debian/root/new.deb"
mountpoint -q "$root/debian/proc" || mount -t proc proc "$root/debian/proc" # programs look there for themselves

say "install"
inside apt-get update -qq >/dev/null
inside apt-get install -y -qq --no-install-recommends /root/safar.deb >"$root/install.log" 2>&1 ||
    { tail -20 "$root/install.log"; fail "install"; }
grep -q "no node is in /var/lib/safar yet" "$root/install.log" || fail "nothing says how to found a node"
[ "$(inside stat -c '%U %a' /var/lib/safar)" = "safar 700" ] || fail "/var/lib/safar belongs to somebody else"
inside safard --version
inside safar --version

say "found a network of one"
as_safar="runuser -u safar --"
inside install -d -o safar -g safar /srv/net
inside $as_safar safar node init /var/lib/safar --agency IOM --listen 127.0.0.1:7400 >"$root/debian/srv/net/iom.toml"
inside $as_safar safar charter draft --network One --steward IOM --quorum 1 /srv/net/iom.toml >"$root/debian/srv/net/charter.toml"
inside $as_safar safar --node /var/lib/safar charter sign /srv/net/charter.toml
inside $as_safar safar --node /var/lib/safar charter adopt /srv/net/charter.toml

say "boot, and start the unit"
umount "$root/debian/proc"
"$(dirname "$0")/boot.sh" "$root/debian" >"$root/boot.log" 2>&1 &
unshare=$!
for _ in $(seq 100); do
    machine=$(pgrep -P "$unshare" || true)
    [ -n "$machine" ] && [ "$(booted systemctl is-system-running 2>/dev/null)" = running ] && break
    sleep 0.2
done
[ -n "$machine" ] || { tail -20 "$root/boot.log"; fail "nothing boots"; }
node="$as_safar safar --node /var/lib/safar"
answers() {
    for _ in $(seq 100); do booted $node status >/dev/null 2>&1 && return; sleep 0.2; done
    booted journalctl -u safard --no-pager | tail -20
    fail "the node does not answer: $1"
}
booted systemctl enable --now safard
booted $node status >/dev/null || fail "the node does not answer when systemctl returns"
booted systemctl enable --now safar-metrics.timer
booted $node record create return nationality=Pakistan date=2023-03-31
booted $node backup /srv/net/iom.tar
booted $node doctor || fail "the doctor found a problem"
booted $as_safar safar restore /srv/net/iom.tar /srv/net/restored
booted systemd-analyze security safard --no-pager | tail -1
booted journalctl -u safard --no-pager | grep -q event=ready || fail "the journal has nothing of it"

say "killed, it comes back; stopped, it ends cleanly"
booted bash -c 'kill -9 $(systemctl show -p MainPID --value safard)'
sleep 6
answers "after kill -9"
[ "$(booted systemctl show -p NRestarts --value safard)" = 1 ] || fail "systemd did not restart it once"
booted $node find return --json | grep -q PAK || fail "the record is gone"
booted systemctl stop safard
booted journalctl -u safard --no-pager | grep -q event=stopped || fail "no clean end"
booted systemctl start safard

say "upgrade under the running unit: the node's data stays"
before=$(booted systemctl show -p MainPID --value safard)
booted apt-get install -y -qq --reinstall /root/new.deb >"$root/upgrade.log" 2>&1 || { cat "$root/upgrade.log"; fail "upgrade"; }
answers "after the upgrade"
booted $node find return --json | grep -q PAK || fail "the record is gone"
[ "$(booted systemctl show -p MainPID --value safard)" != "$before" ] || fail "the old program still runs"
booted systemctl is-active -q safar-metrics.timer || fail "the timer of the figures stands still after the upgrade"

say "upgrade of a node that was stopped: it stays so"
booted systemctl disable -q --now safard safar-metrics.timer
booted apt-get install -y -qq --reinstall /root/new.deb >"$root/upgrade.log" 2>&1 || { cat "$root/upgrade.log"; fail "upgrade"; }
for unit in safard.service safar-metrics.timer; do
    ! booted systemctl is-active -q $unit || fail "the upgrade started $unit"
    ! booted systemctl is-enabled -q $unit || fail "the upgrade enabled $unit"
done
kill -9 "$machine"
machine=
wait || true
mount -t proc proc "$root/debian/proc"

say "remove, purge: the node's data stays"
inside apt-get remove -y -qq safar >/dev/null 2>&1 || fail "remove"
inside test ! -e /usr/bin/safard || fail "safard is still there"
inside apt-get purge -y -qq safar >"$root/purge.log" 2>&1 || fail "purge"
grep -q "/var/lib/safar stays" "$root/purge.log" || { cat "$root/purge.log"; fail "purge says nothing of the data"; }
inside test -e /var/lib/safar/keys/signing.key || fail "the keys went with the package"
say "all well"
