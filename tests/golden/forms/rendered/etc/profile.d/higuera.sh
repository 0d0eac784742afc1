# Written by Higuera; edits are replaced by the next deploy.
# What a person makes in a shell is not for everybody to read.
umask 027
