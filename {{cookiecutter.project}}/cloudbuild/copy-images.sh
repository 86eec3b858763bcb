#!/bin/sh
# Copy the images of a release into an environment's repository; a digest stays: FOLDER FROM TO TAG
set -eu
while read -r name digest; do
  name=${name%:}
  crane copy "$2/$name@$digest" "$3/$name:$4"
  test "$(crane digest "$3/$name:$4")" = "$digest"
done < "$1/digests.yaml"
