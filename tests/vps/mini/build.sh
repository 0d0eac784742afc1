# The whole build of the mini app: build.sh SERVICE
set -eu
rm -rf "dist/$1"
mkdir -p "dist/$1"
cp "$1"/* "dist/$1/"
