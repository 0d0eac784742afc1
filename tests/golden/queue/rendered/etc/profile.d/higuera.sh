# Written by Higuera; edits are replaced by the next deploy.
# What a person makes in a shell is not for everybody to read.
umask 027
# A prompt that nobody uses for an hour is somebody else's way in.
TMOUT=3600
readonly TMOUT
export TMOUT
ulimit -c 0
