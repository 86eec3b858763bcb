# Targets of Terraform, included by the Makefile.
.PHONY: iam infra-local plan test-terraform without-terraform

test: test-terraform

test-terraform: setup .tools/checkov/installed ## Plan and test terraform/, without a network
	@$(BIN)/pytest tests/terraform $(call report,terraform)
	@cd infra/terraform-google && ../../$(BIN)/pytest $(call report,terraform-google)

# a rehearsal uses the bucket, datasets and endpoint that Terraform declares
run: $(if $(shell command -v terraform),infra-local,without-terraform)

infra-local: setup ## Apply Terraform's dev environment to the local Vertex AI
	@$(BIN)/localcloud up
	@$(IN) $(BIN)/terraform-google apply terraform/environments/dev \
		--state "$${LOCALCLOUD_HOME:-.localcloud}/terraform"

without-terraform:
	@echo "terraform is not installed: the rehearsal makes its bucket and endpoint as it goes."

iam: setup ## Write docs/iam.md anew from terraform/
	@$(BIN)/python -m tests.terraform.iam_table

plan: setup ## Plan terraform/environments/ENVIRONMENT (default: dev) without a network, for `mlops cost`
	@$(BIN)/terraform-google plan terraform/environments/$(or $(ENVIRONMENT),dev) \
		--output build/plans/$(or $(ENVIRONMENT),dev).json
