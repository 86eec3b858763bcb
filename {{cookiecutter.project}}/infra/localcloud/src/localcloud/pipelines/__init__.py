"""Pipeline jobs: reads KFP's compiled specs and really runs them."""
