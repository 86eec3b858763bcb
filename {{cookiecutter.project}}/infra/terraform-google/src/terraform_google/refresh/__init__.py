"""Making the stored schemas from the CDK Terrain bindings of the providers (`cdktn-provider-*`)."""
