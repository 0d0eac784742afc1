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
# Lists of packages are judged as they are: to fetch new ones is the host's own business. Certificates
# of packages do not count anyway, and asking dpkg whose each one is took a third of the time.
sed -e 's/^refresh-repositories=.*/refresh-repositories=no/' \
    -e '/^ssl-certificate-paths=/s|:/usr/share/ca-certificates:|:|' \
    ../../../etc/lynis/default.prf >default.prf
# A container cannot set some values of the kernel, so they say nothing about it.
sed -n 's/^config-data=sysctl;\([^;]*\);.*/\1/p' default.prf | while read -r key; do
    file=/proc/sys/$(printf %s "$key" | tr . /)
    if [ -e "$file" ] && [ ! -w "$file" ]; then echo "skip-test=KRNL-6000:$key"; fi
done >fixed
# PKGS-7388 looks for a line of text that sources in the deb822 style do not have; apt itself knows.
if apt-cache policy | grep -q l=Debian-Security; then echo debian-skip-security-repository=yes >>fixed; fi
# USBGuard asks who may be plugged in; without a bus there is nobody to ask.
if [ ! -e /sys/bus/usb/devices ]; then echo skip-test=USB-3000 >>fixed; fi
cat fixed >>default.prf
sed 's/^/excepted=/' fixed
sh ../../sbin/lynis audit system --usecwd --quiet --no-colors --plugindir ../../../etc/lynis/plugins \
    --logfile /dev/null --report-file "$work/report" </dev/null >said 2>&1 || true
grep -E '^(lynis_version|hardening_index|lynis_tests_done|warning\[\]|suggestion\[\])=' "$work/report" ||
    { tail -n 1 said >&2; exit 1; }
