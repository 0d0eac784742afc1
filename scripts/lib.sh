# Sourced by the other scripts: POSIX sh, run from the root of the repository.
set -eu
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# install PACKAGE...: Debian packages, which wants root.
install() {
    [ "$(id -u)" = 0 ] || die "this wants root: apt-get install $*"
    command -v apt-get >/dev/null 2>&1 || die "this machine is no Debian to install $* on"
    say "installing $*"
    apt-get -qq -o DPkg::Lock::Timeout=120 update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 install -y \
        --no-install-recommends "$@" >/dev/null
}

# need COMMAND PACKAGE...: install packages when a command is not there.
need() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 && return 0
    shift
    install "$@"
}
