# Packs a folder as a container image of one layer that `ctr images import` and `docker load` read.
# Usage: sh make-image.sh OUTPUT REFERENCE ROOT_FOLDER PROGRAM
set -eu
output=$1 reference=$2 root=$3 program=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/image"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$root" -cf "$work/layer.tar" .
layer=$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)
mkdir "$work/image/$layer"
mv "$work/layer.tar" "$work/image/$layer/layer.tar"
cat >"$work/config.json" <<JSON
{"architecture":"$(dpkg --print-architecture)","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["$program"]},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created_by":"lab"}]}
JSON
config=$(sha256sum <"$work/config.json" | cut -d' ' -f1)
mv "$work/config.json" "$work/image/$config.json"
cat >"$work/image/manifest.json" <<JSON
[{"Config":"$config.json","RepoTags":["$reference"],"Layers":["$layer/layer.tar"]}]
JSON
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$work/image" -cf "$output" manifest.json "$config.json" "$layer"
