name         = "{{ cookiecutter.project }}"
project_id   = "{{ cookiecutter.project_id_dev }}"
region       = "{{ cookiecutter.region }}"
alert_emails = ["{{ cookiecutter.owner_email }}"]
runbook      = "https://example.com/{{ cookiecutter.project }}/docs/operations.md"
