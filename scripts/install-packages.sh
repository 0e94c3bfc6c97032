#!/usr/bin/env bash
# install-packages.sh LIST...: installs the Debian packages of scripts/packages/LIST.txt that are
# missing. When none is, it touches neither apt-get nor the network.
set -euo pipefail
lists=$(dirname "$0")/packages

die() {
  printf 'install-packages: %s\n' "$@" >&2
  exit 1
}

# One line per requirement, " | " between packages of which one is enough.
wanted=$(for list in "$@"; do
  [ -r "$lists/$list.txt" ] || die "no list of packages called '$list' in $lists"
  sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$lists/$list.txt"
done)
first_choices=$(sed 's/[[:space:]].*//' <<<"$wanted" | sort -u | tr '\n' ' ')

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || die \
  "this system has no Debian packages; install what these are called here: $first_choices" \
  "then run make again with PACKAGES=no"

declare -A installed
while read -r status package; do
  [ "$status" != installed ] || installed[$package]=1
done < <(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n')

missing=()
while read -r requirement; do
  met=
  for package in ${requirement//|/ }; do
    [ -z "${installed[$package]-}" ] || met=1
  done
  [ -n "$met" ] || missing+=("${requirement%% *}")
done <<<"$wanted"
[ ${#missing[@]} -gt 0 ] || exit 0

by_hand="apt-get install ${missing[*]}"
as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null ||
    die "packages are missing and neither root nor sudo is at hand; as root: $by_hand"
  as_root=(sudo "${as_root[@]}")
fi
apt=("${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2
  -o Dpkg::Use-Pty=0 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30)

echo "Installing what is missing: ${missing[*]}"
# An update that fails is no reason to stop: the lists of yesterday may do.
"${apt[@]}" update || echo "install-packages: apt-get update failed; trying with the old lists" >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null ||
  die "apt-get could not install them; is there a network, and a mirror in /etc/apt?" \
    "By hand, as root: apt-get update && $by_hand"
