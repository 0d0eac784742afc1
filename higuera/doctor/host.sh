# What `higuera doctor` asks a host: lines with a tag, read by host.py. Changes nothing, and a
# question that cannot be answered prints nothing. Given above: app, tool, packages, state, question.
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ "$(id -u)" != 0 ] || echo "rights root"

for folder in / /srv /var /tmp; do
    df -Pk -- "$folder" 2>/dev/null | awk -v f="$folder" 'NR == 2 { print "space", f, $2, $4 }'
    df -Pi -- "$folder" 2>/dev/null | awk -v f="$folder" 'NR == 2 { print "inodes", f, $2, $4 }'
done
awk '/^(MemTotal|MemAvailable|SwapFree):/ { sub(":", "", $1); print "memory", $1, $2 }' /proc/meminfo
echo "addresses $(hostname -I 2>/dev/null)"

dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' -- $packages 2>/dev/null |
    sed -n 's/^[a-z]i  */package /p'
dpkg --audit 2>/dev/null | sed -n 's/^ \([^ ][^ ]*\).*/unfinished \1/p'
for left in /var/lib/dpkg/updates/[0-9]*; do
    [ ! -e "$left" ] || echo "unfinished dpkg"
done

# Seconds since a process started (proc(5): field 22 of stat, in clock ticks since boot).
age() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null |
        awk -v hz="$(getconf CLK_TCK)" '{ getline up <"/proc/uptime"; print int(up - $20 / hz) }'
}
# apt's locks are fcntl's; whoever holds one has the file open, and fdinfo tells that it is locked.
find /proc/[0-9]*/fd \( -lname '/var/lib/dpkg/lock*' -o -lname /var/lib/apt/lists/lock \
    -o -lname /var/cache/apt/archives/lock \) -printf '%p %l\n' 2>/dev/null |
    while read -r fd file; do
        process=${fd#/proc/} process=${process%%/*}
        [ "$fd" -ef "$file" ] || continue # a container's
        grep -qs '^lock:' "/proc/$process/fdinfo/${fd##*/}" || continue
        echo "aptlock $file $process $(age "$process") $(cat "/proc/$process/cmdline" 2>/dev/null | tr '\000' ' ' | cut -c 1-80)"
    done
for unit in apt-daily.service apt-daily-upgrade.service; do
    case "$(systemctl is-active "$unit" 2>/dev/null)" in
    active | activating) echo "aptrun $unit" ;;
    esac
done
[ ! -e /run/reboot-required ] ||
    echo "reboot $(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"

ss -Hltnp 2>/dev/null | while read -r _ _ _ address _ users; do
    name=$(printf '%s' "$users" | sed -n 's/^users:(("\([^"]*\)".*/\1/p')
    process=$(printf '%s' "$users" | sed -n 's/^[^=]*pid=\([0-9]*\).*/\1/p')
    unit=$(sed -n '$s|.*/||p' "/proc/${process:-none}/cgroup" 2>/dev/null)
    echo "listens ${address##*:} ${process:-0} ${unit:--} ${name:-unknown}"
done

grep -RhsE '^[[:space:]]*ssl_certificate[[:space:]]' /etc/nginx/nginx.conf /etc/nginx/conf.d \
    /etc/nginx/sites-enabled /etc/nginx/higuera |
    sed "s/^[[:space:]]*ssl_certificate[[:space:]]*//; s/;.*//; s/[\"']//g" | grep -v '[$]' | sort -u |
    while read -r file; do
        case "$file" in
        /*) ;;
        *) file=/etc/nginx/$file ;;
        esac
        ends=$(openssl x509 -enddate -noout -in "$file" 2>/dev/null </dev/null | cut -d= -f2)
        [ -z "$ends" ] || ends=$(date -d "$ends" +%s 2>/dev/null)
        echo "certificate ${ends:-unreadable} $file"
    done

# Those that Higuera shows: a symlink says which, and no line of nginx does.
for current in /etc/ssl/higuera/*/current; do
    [ -e "$current" ] || continue
    id=$(readlink "$current")
    case "$id" in shown/stand-in-*) continue ;; esac
    file=${current%/current}/pairs/${id##*/}/fullchain.pem
    ends=$(openssl x509 -enddate -noout -in "$file" 2>/dev/null </dev/null | cut -d= -f2)
    [ -z "$ends" ] || ends=$(date -d "$ends" +%s 2>/dev/null)
    echo "certificate ${ends:-unreadable} ${current%/current}"
done

for runtime in /opt/higuera/runtimes/*-*; do
    [ ! -e "$runtime" ] || echo "runtime ${runtime##*/}"
done
for client in /usr/lib/postgresql/*/bin/pg_dump; do
    [ ! -e "$client" ] || echo "pgclient $(echo "$client" | cut -d/ -f5)"
done

echo "nginx $(systemctl is-active nginx.service 2>/dev/null) $(systemctl is-enabled nginx.service 2>/dev/null)"
systemctl list-units --plain --no-legend --state=failed "$app-*" 2>/dev/null |
    awk '{ print "failedunit", $1 }'
systemctl list-units --plain --no-legend --state=active,activating \
    "$app-migration@*" "$app-migrate@*" 2>/dev/null | awk '{ print "migrates", $1 }'
[ -x "$tool" ] || exit 0
echo "tool $(sha256sum <"$tool" | cut -d' ' -f1)"
[ "$(id -u)" = 0 ] || exit 0
timeout 10 "$tool" status --json 2>/dev/null </dev/null | sed 's/^/status /'
[ -n "$question" ] || exit 0
df -Pk "$state" 2>/dev/null | awk 'NR == 2 { print "dumps", $4 }'
printf '%s\n' "$question" | timeout 8 "$tool" sql target 2>&1 | sed 's/^/database /'
