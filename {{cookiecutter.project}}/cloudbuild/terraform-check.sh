#!/bin/sh
# Check terraform/, and put Google's builder's terraform where other steps find it: FOLDER
set -eu
terraform fmt -check -recursive terraform
for environment in dev staging prod; do
  terraform -chdir="terraform/environments/$environment" init -backend=false -input=false -no-color
  terraform -chdir="terraform/environments/$environment" validate -no-color
done
mkdir -p "$1"
cp "$(command -v terraform)" "$1/terraform"
