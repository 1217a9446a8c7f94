-- Grain: one row a customer and pack that is frozen before tonight, as the valid night before left it or as a watch
-- changed it since then. If customers are merged tonight, the freeze that lasts longest stands.

with

carried as (

    select * from {{ source('state', 'freeze') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

-- NONE stands for the order of a legal hold, which says nothing about a freeze
released as (

    select
        *,
        row_number() over (partition by customer_key, pack order by sequence desc, account_key) as recency
    from {{ ref('stg_released_security') }}
    where not is_of_watch or movement <> 'NONE'

),

watched as (

    select * from released
    where recency = 1 and is_of_watch

),

{%- set columns = ['frozen_since_date', 'frozen_at', 'frozen_until_at', 'extension_count', 'reason_code'] %}

standing as (

    select
        carried.customer_key,
        carried.pack
        {%- for column in columns %},
        carried.{{ column }}
        {%- endfor %}
    from carried
    left join watched on carried.customer_key = watched.customer_key and carried.pack = watched.pack
    where watched.customer_key is null

    union all

    select
        customer_key,
        pack
        {%- for column in columns %},
        {{ column }}
        {%- endfor %}
    from watched
    where movement <> 'RESTORE'

),

ranked as (

    select
        standing.*,
        moved.customer_key as moved_key,
        row_number() over (
            partition by moved.customer_key, standing.pack
            order by
                standing.frozen_until_at desc,
                case when standing.customer_key = moved.customer_key then 0 else 1 end,
                standing.customer_key
        ) as preference
    from standing
    inner join moved on standing.customer_key = moved.carried_key

)

select
    standing.customer_key,
    standing.pack
    {%- for column in columns %},
    standing.{{ column }}
    {%- endfor %}
from standing
left join moved on standing.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    moved_key as customer_key,
    pack
    {%- for column in columns %},
    {{ column }}
    {%- endfor %}
from ranked
where preference = 1
