#!/usr/bin/env bash
# Have the jobs of Cloud Run use a release's image: FOLDER REPOSITORY REGION JOB...
set -euo pipefail
folder=$1 repository=$2 region=$3
shift 3
digest=$(sed -n 's/^jobs: //p' "$folder/digests.yaml")
test -n "$digest"
for job in "$@"; do
  gcloud run jobs update "$job" --region="$region" --image="$repository/jobs@$digest"
done
