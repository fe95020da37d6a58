"""A nightly Airflow DAG: one run of `nightly.sh`. Not run by a test: Airflow takes minutes to install.

The connection `selligent` has the API key as login and the secret as password.
"""

from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="selligent",
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    # A run must not begin before the last one has ended.
    max_active_runs=1,
):
    BashOperator(
        task_id="load_selligent",
        bash_command="/opt/selligent/recipes/nightly.sh /var/lib/selligent tap-postgres --config tap.json "
        "--catalog catalog.json",
        env={
            "TARGET_SELLIGENT_API_KEY": "{{ conn.selligent.login }}",
            "TARGET_SELLIGENT_API_SECRET": "{{ conn.selligent.password }}",
        },
        append_env=True,
    )
