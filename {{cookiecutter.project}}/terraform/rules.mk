# Targets of Terraform, included by the Makefile.
.PHONY: iam plan test-terraform

test: test-terraform

test-terraform: setup .tools/checkov/installed ## Plan and test terraform/, without a network
	@$(BIN)/pytest tests/terraform $(call report,terraform)
	@cd infra/terraform-google && ../../$(BIN)/pytest $(call report,terraform-google)

iam: setup ## Write docs/iam.md anew from terraform/
	@$(BIN)/python -m tests.terraform.iam_table

plan: setup ## Plan terraform/environments/ENVIRONMENT (default: dev) without a network, for `mlops cost`
	@$(BIN)/terraform-google plan terraform/environments/$(or $(ENVIRONMENT),dev) \
		--output build/plans/$(or $(ENVIRONMENT),dev).json
