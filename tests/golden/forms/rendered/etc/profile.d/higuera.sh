# Written by Higuera; edits are replaced by the next deploy.
# What a person makes in a shell is not for everybody to read.
umask 027
# A prompt that nobody uses for an hour is somebody else's way in. Not exported, and
# not set twice: a POSIX shell that reads this file once more would end at a readonly variable.
[ -n "${TMOUT:-}" ] || {
    TMOUT=3600
    readonly TMOUT
}
ulimit -c 0
