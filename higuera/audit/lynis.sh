# Lynis of Debian, verified by apt as any package, unpacked into memory, run once and gone again: an
# auditor that was installed would itself change what it audits. Prints lines of its report.
set -eu
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
work=$(mktemp -d /run/higuera-audit.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM
cd "$work"
# apt keeps an index of its lists on disk; here and below Lynis it leaves that alone
printf '%s\n' 'Dir::Cache::pkgcache "";' 'Dir::Cache::srcpkgcache "";' >apt.conf
export APT_CONFIG="$work/apt.conf"
apt-get -qq -o APT::Sandbox::User=root download lynis >/dev/null ||
    { echo "apt-get download lynis failed on the host" >&2; exit 1; }
dpkg-deb --extract lynis_*.deb unpacked
cd unpacked/usr/share/lynis
# Lists of packages are judged as they are: to fetch new ones is the host's own business.
sed 's/^refresh-repositories=.*/refresh-repositories=no/' ../../../etc/lynis/default.prf >default.prf
sh ../../sbin/lynis audit system --usecwd --quiet --no-colors --plugindir ../../../etc/lynis/plugins \
    --logfile /dev/null --report-file "$work/report" </dev/null >said 2>&1 || true
grep -E '^(lynis_version|hardening_index|lynis_tests_done|warning\[\]|suggestion\[\])=' "$work/report" ||
    { tail -n 1 said >&2; exit 1; }
