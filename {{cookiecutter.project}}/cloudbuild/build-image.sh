#!/usr/bin/env bash
# Build an image with BuildKit, from the layers of the last one: NAME REPOSITORY TAG COMMIT CACHE
set -euo pipefail
name=$1 repository=$2 tag=$3 commit=$4 cache=$5
export DOCKER_BUILDKIT=1
docker build --file "infra/images/$name/Dockerfile" --tag "$repository/$name:$tag" \
  --build-arg BUILDKIT_INLINE_CACHE=1 --build-arg "COMMIT=$commit" \
  --cache-from "$cache/$name:latest" .
