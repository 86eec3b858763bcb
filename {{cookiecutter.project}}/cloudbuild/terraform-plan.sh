#!/bin/sh
# Plan a root of terraform/ against what is there, and keep the plan for `apply`: ROOT BUCKET
set -eu
cd "$1"
terraform init -input=false -no-color -reconfigure "-backend-config=bucket=$2"
terraform plan -input=false -no-color -out=apply.plan
