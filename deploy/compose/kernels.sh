#!/bin/sh
# Start a program with the compiled loops of the image on a volume, since numba wants to write and the root is read-only.
# A new image gets a folder of its own there. What another processor needs is compiled once, into the same folder.
set -eu
image=${KERNELS_OF_IMAGE:-/opt/kernels}
kept=${KERNELS_KEPT:-/var/cache/tandem}
NUMBA_CACHE_DIR="$kept/$(cat "$image/version")"
if [ ! -d "$NUMBA_CACHE_DIR" ]; then
	draft=$(mktemp -d "$kept/draft.XXXXXX")
	cp -r "$image/compiled/." "$draft"
	# Another instance may have been quicker.
	mv -T "$draft" "$NUMBA_CACHE_DIR" 2> /dev/null || rm -r "$draft"
fi
export NUMBA_CACHE_DIR
exec "$@"
