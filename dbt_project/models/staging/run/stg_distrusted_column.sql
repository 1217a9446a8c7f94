-- Grain: one row, with one column an optional column of the account snapshot: does the gate distrust it tonight?

with

columns as (

    select * from {{ source('run', 'distrusted_column') }}
    where source = 'account_snapshot'

)

select
{%- for column in optional_snapshot_columns() %}
    coalesce(bool_or(column_name = '{{ column }}'), false) as {{ column }}{{ "," if not loop.last }}
{%- endfor %}
from columns
