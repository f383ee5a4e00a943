#!/usr/bin/env bash
# Runs a command in a clone of the last commit on a machine where nothing is preinstalled: a minimal
# Debian in a chroot, with git, make and g++ only.
#
#   tests/fresh_machine.sh bookworm make test        (Debian 12)
#   tests/fresh_machine.sh trixie 'make && train/demo.sh short'        (Debian 13)
#
# The minimal Debian is made once, below FRESH_MACHINES (/var/cache/micro-dualnet-fresh), and every run
# works on a copy that is deleted afterwards. Delete a folder there to have it made anew. Needs root,
# Debian or Ubuntu, and a mirror: the one that apt uses here, or MIRROR.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=${FRESH_MACHINES:-/var/cache/micro-dualnet-fresh}
packages=git,make,g++

fail() {  # MESSAGE [HINT]
    echo "error: fresh machine: $1" >&2
    [ -z "${2:-}" ] || echo "hint: $2" >&2
    exit 2
}

[ $# -ge 2 ] || fail "a suite and a command are needed" "tests/fresh_machine.sh bookworm make test"
suite=$1
shift
[[ $suite =~ ^[a-z]+$ ]] || fail "'$suite' is not a suite of Debian" "bookworm, trixie or sid"
[ "$(id -u)" = 0 ] || fail "a chroot needs root" "sudo tests/fresh_machine.sh $suite $*"
command -v apt-get > /dev/null || fail "apt-get is not there: the host must be Debian or Ubuntu"
[ -z "$(git status --porcelain 2>/dev/null)" ] ||
    echo "fresh machine: runs the last commit; changes since then are not in it"

# ---- The mirror, as apt on this machine knows it.
mirror_of_apt() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$3 == "main" && $1 ~ /\/debian\// && $2 !~ /-/ { print $1; exit }'
}
mirror=${MIRROR:-$(mirror_of_apt)}
[ -n "$mirror" ] || fail "apt on this machine names no mirror of Debian" \
    "name one: MIRROR=http://…/debian"
mirror=${mirror%/}

# apt's own downloader asks, so that proxies and certificates are those of apt.
asked=$(mktemp -d)
copy=
clean_up() {
    rm -rf "$asked"
    # What was mounted in the copy went with its namespace; no other file system is entered.
    [ -z "$copy" ] || rm -rf --one-file-system "$copy" 2> /dev/null ||
        { sleep 2; rm -rf --one-file-system "$copy"; }  # killed processes may still have been writing
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mirror_answers() {
    /usr/lib/apt/apt-helper -o Acquire::Retries=2 download-file "$mirror/dists/$suite/Release" \
        "$asked/Release" > "$asked/log" 2>&1
}
mirror_answers || fail "the mirror $mirror cannot be reached or has no $suite: nothing was tested" \
    "$(grep -m1 '^E:' "$asked/log" || tail -1 "$asked/log")"

# ---- The minimal Debian, made once.
base=$fresh/$suite
recipe="$suite $packages $mirror"
mkdir -p "$fresh"
exec 9> "$fresh/$suite.lock"
flock 9
if [ "$(cat "$base.recipe" 2>/dev/null)" != "$recipe" ] || [ ! -d "$base" ]; then
    if ! command -v debootstrap > /dev/null; then
        echo "fresh machine: installing debootstrap"
        { apt-get update -q && apt-get install -y --no-install-recommends debootstrap; } \
            > "$asked/log" 2>&1 || { cat "$asked/log" >&2; fail "debootstrap could not be installed"; }
    fi
    echo "fresh machine: making a minimal $suite from $mirror in $base, once"
    rm -rf --one-file-system "$base" "$base.recipe"
    copy=$base.unfinished
    rm -rf --one-file-system "$copy"
    include=$packages
    case $mirror in https:*) include=$include,ca-certificates ;; esac
    debootstrap --variant=minbase --include="$include" "$suite" "$copy" "$mirror" \
        > "$fresh/$suite.log" 2>&1 ||
        { tail -5 "$fresh/$suite.log" >&2; fail "debootstrap failed: see $fresh/$suite.log"; }
    rm -f "$copy"/var/cache/apt/archives/*.deb
    mv "$copy" "$base"
    copy=
    echo "$recipe" > "$base.recipe"
fi

# ---- A copy of it to work in. Copies that a killed run left behind go first.
for left in "$base".run.*; do
    [ ! -d "$left" ] || kill -0 "${left##*.}" 2>/dev/null || rm -rf --one-file-system "$left"
done
copy=$base.run.$$
cp -a --reflink=auto "$base" "$copy"
flock -u 9

# How this machine reaches the mirror, and nothing else of it.
cp -L /etc/resolv.conf "$copy/etc/resolv.conf"
apt-config dump | grep -E '^Acquire::(https?|Check-Valid-Until|Check-Date|Force)' \
    > "$copy/etc/apt/apt.conf.d/90host" || true
case $mirror in https:*) cp /etc/ssl/certs/ca-certificates.crt "$copy/etc/ssl/certs/" ;; esac
git clone -q --no-local . "$copy/home/micro-dualnet"

# ---- The command, where nothing is mounted but /proc, in namespaces that end with it.
cat > "$copy/home/command" <<'COMMAND'
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
. /etc/os-release
echo "fresh machine: $PRETTY_NAME ($(cat /etc/debian_version)), $(g++ --version | head -1)"
for program in nvcc clang++ python3 ffmpeg sudo; do
    if command -v $program; then echo "error: fresh machine: $program is there already" >&2; exit 2; fi
done
for header in cuda_runtime.h cublas_v2.h doctest/doctest.h CLI/CLI.hpp nlohmann/json.hpp stb/stb_image.h
do
    if echo "#include <$header>" | g++ -E -x c++ - > /dev/null 2>&1; then
        echo "error: fresh machine: <$header> is there already" >&2; exit 2
    fi
done
cd /home/micro-dualnet

# Someone without root is told what to type, and nothing else happens.
code=0
cp -r . /home/without-root
chown -R 65534:65534 /home/without-root
said=$(setpriv --reuid=65534 --regid=65534 --clear-groups make -C /home/without-root 2>&1) || code=$?
rm -rf /home/without-root
case $said in *"please run:  sudo apt-get update && sudo apt-get install "*doctest*) ;; *) code=0 ;; esac
if [ $code = 0 ]; then
    echo "$said"; echo "error: fresh machine: make without root does not say what to install" >&2; exit 2
fi

echo "fresh machine: $1"
sh -c "$1"
COMMAND

# shellcheck disable=SC2086  # variables that are unset must not be handed on as empty ones
env -i TERM="${TERM:-dumb}" ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --root="$copy" --wd=/ --mount-proc \
    sh -e /home/command "$*" 9>&- &
running=$!
# unshare passes no signal on, but what runs in its namespace ends when it does.
trap '{ kill -KILL $running; wait $running; } 2>/dev/null; exit 130' INT
trap '{ kill -KILL $running; wait $running; } 2>/dev/null; exit 143' TERM HUP
code=0
wait $running || code=$?
if [ $code != 0 ] && ! mirror_answers; then
    fail "the mirror $mirror can no longer be reached: nothing was tested"
fi
exit $code
