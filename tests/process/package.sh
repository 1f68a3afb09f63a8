#!/bin/bash
# The .deb as a machine meets it: built, looked into, installed into a bare Debian 12, upgraded, removed, purged.
# Needs root, debootstrap and the Debian mirror; not part of tests/run.sh. Usage: package.sh BUILD-DIR [MIRROR]
set -euo pipefail

build=$(realpath "${1:?usage: package.sh BUILD-DIR [MIRROR]}")
mirror=${2:-http://deb.debian.org/debian}
root=$(mktemp -d /tmp/safar-package-XXXXXX)
clean() {
    ! mountpoint -q "$root/debian/proc" || umount "$root/debian/proc"
    rm -rf --one-file-system "$root"
}
trap clean EXIT

say() { printf '%s\n' "== $*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
inside() { chroot "$root/debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

say "pack"
(cd "$build" && cpack -B "$root/out" >"$root/cpack.log") || { cat "$root/cpack.log"; exit 1; }
deb=$(ls "$root"/out/*.deb)
dpkg-deb -I "$deb"
listing=$(dpkg-deb -c "$deb")
for path in usr/bin/safar usr/bin/safard lib/systemd/system/safard.service usr/share/safar/schema/return.toml \
            usr/share/safar/monitoring/alerts.yml usr/share/man/man1/safar.1 usr/share/man/man8/safard.8 \
            usr/share/bash-completion/completions/safar usr/share/doc/safar/copyright usr/share/doc/safar/operating.md; do
    grep -q "/$path" <<<"$listing" || fail "$path is not in the package"
done
grep -qE '/(systemd|packaging)/(safard.service|postinst)$' <<<"$(grep usr/share/safar <<<"$listing" || true)" &&
    fail "packaging files are in usr/share/safar"
dpkg-deb -f "$deb" Depends | grep -q librocksdb || fail "dependencies were not found"
grep -q '/usr/bin/safard --data' <(dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards '*/safard.service') ||
    fail "the unit does not name /usr/bin/safard"

say "a bare Debian 12"
debootstrap --variant=minbase bookworm "$root/debian" "$mirror" >"$root/debootstrap.log" 2>&1 ||
    { tail -5 "$root/debootstrap.log"; fail "debootstrap"; }
cp "$deb" "$root/debian/root/safar.deb"
mountpoint -q "$root/debian/proc" || mount -t proc proc "$root/debian/proc" # programs look there for themselves

say "install"
inside apt-get update -qq >/dev/null
inside apt-get install -y -qq --no-install-recommends /root/safar.deb >"$root/install.log" 2>&1 ||
    { tail -20 "$root/install.log"; fail "install"; }
grep -q "no node is in /var/lib/safar yet" "$root/install.log" || fail "nothing says how to found a node"
[ "$(inside stat -c '%U %a' /var/lib/safar)" = "safar 700" ] || fail "/var/lib/safar belongs to somebody else"
inside safard --version
inside safar --version

say "found a network of one and run it as the unit would"
as_safar="runuser -u safar --"
inside install -d -o safar -g safar /tmp/net
inside $as_safar safar node init /var/lib/safar --agency IOM --listen 127.0.0.1:7400 >"$root/debian/tmp/net/iom.toml"
inside $as_safar safar charter draft --network One --steward IOM --quorum 1 /tmp/net/iom.toml >"$root/debian/tmp/net/charter.toml"
inside $as_safar safar --node /var/lib/safar charter sign /tmp/net/charter.toml
inside $as_safar safar --node /var/lib/safar charter adopt /tmp/net/charter.toml
inside $as_safar safard --data /var/lib/safar >"$root/safard.log" 2>&1 &
for _ in $(seq 100); do inside $as_safar safar --node /var/lib/safar status >/dev/null 2>&1 && break; sleep 0.2; done
inside $as_safar safar --node /var/lib/safar record create return nationality=Pakistan date=2023-03-31
inside $as_safar safar --node /var/lib/safar backup /tmp/net/iom.tar
inside $as_safar safar --node /var/lib/safar doctor || fail "the doctor found a problem"
inside $as_safar safar restore /tmp/net/iom.tar /tmp/net/restored
for pid in $(pgrep -x safard); do # only the one in there
    [ "$(readlink "/proc/$pid/root")" != "$root/debian" ] || kill "$pid"
done
wait || true
grep -q event=stopped "$root/safard.log" || { cat "$root/safard.log"; fail "no clean end"; }

say "upgrade, remove, purge: the node's data stays"
inside apt-get install -y -qq --reinstall /root/safar.deb >/dev/null 2>&1 || fail "upgrade"
inside apt-get remove -y -qq safar >/dev/null 2>&1 || fail "remove"
inside test ! -e /usr/bin/safard || fail "safard is still there"
inside apt-get purge -y -qq safar >"$root/purge.log" 2>&1 || fail "purge"
grep -q "/var/lib/safar stays" "$root/purge.log" || { cat "$root/purge.log"; fail "purge says nothing of the data"; }
inside test -e /var/lib/safar/keys/signing.key || fail "the keys went with the package"
say "all well"
