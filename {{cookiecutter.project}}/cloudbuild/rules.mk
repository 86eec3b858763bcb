# Targets of Cloud Build, included by the Makefile.
.PHONY: ci-local lint-builds

# `make ci-local` has a localcloud of its own: the one that dev is to a laptop
CI := LOCALCLOUD_HOME="$(CURDIR)/.localcloud/ci" $(BIN)/localcloud
setting = sed -n 's/^$(1): //p' config/local.yaml

lint: lint-builds

lint-builds: setup
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.cloudbuild cloudbuild.yaml cloudbuild/*.yaml

ci-local: images ## Push the last commit to a local repository (as BRANCH) and play its builds here
	@test "$$(git rev-parse --show-toplevel 2>&1)" = "$$(pwd -P)" || { \
		echo "This folder is no git repository; run: git init && git add -A && git commit -m Start"; exit 1; }
	@remote="$$($(CI) builds remote --project "$$($(call setting,project))" \
		--location "$$($(call setting,location))")" && \
		git push --quiet --force "$$remote" HEAD:refs/heads/$(or $(BRANCH),main)
	@$(CI) builds status
