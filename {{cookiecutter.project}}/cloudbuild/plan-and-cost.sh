#!/usr/bin/env bash
# Tell what Terraform would make of each environment, what of that is new since a revision, and what
# it costs: FOLDER OF TERRAFORM, REVISION, ENVIRONMENT...
set -euo pipefail
export PATH="$PWD/$1:$PATH" base=$2
shift 2
plan() { .venv/bin/terraform-google plan "$1/environments/$2" --output "$3"; }

rm -rf build/base
mkdir -p build/base
git archive "$base" terraform | tar -x -C build/base || echo "There is no $base to compare with."
for environment in "$@"; do
  new="build/plans/$environment.json" old="build/base/$environment.json"
  plan terraform "$environment" "$new"
  echo "== $environment: what becomes of it"
  if plan build/base/terraform "$environment" "$old"; then
    .venv/bin/terraform-google compare "$old" "$new"
  fi
  echo "== $environment: what it costs"
  .venv/bin/mlops cost "$environment"
done
