#!/usr/bin/env bash
# Push images, and note the digests by which all environments name them; the cache takes them too.
# REPOSITORY TAG CACHE FOLDER NAME...
set -euo pipefail
repository=$1 tag=$2 cache=$3 folder=$4
shift 4
mkdir -p "$folder"
for name in "$@"; do
  docker push "$repository/$name:$tag" >&2
  reference=$(docker inspect --format '{{index .RepoDigests 0}}' "$repository/$name:$tag")
  echo "$name: ${reference##*@}"
  docker tag "$repository/$name:$tag" "$cache/$name:latest"
  docker push "$cache/$name:latest" >&2
done > "$folder/digests.yaml"
cat "$folder/digests.yaml"
