#!/usr/bin/env bash
# Tell what each environment holds and costs with this change: FOLDER OF TERRAFORM, ENVIRONMENT...
set -euo pipefail
export PATH="$PWD/$1:$PATH"
shift
for environment in "$@"; do
  plan="build/plans/$environment.json"
  .venv/bin/terraform-google plan "terraform/environments/$environment" --output "$plan"
  echo "== $environment: $(grep -o '"actions": *\["create"\]' "$plan" | wc -l) resources"
  .venv/bin/mlops cost "$environment"
done
