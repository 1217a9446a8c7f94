-- Every customer of tonight's snapshot has exactly one row of features, and nobody else has one.

with

tonight as (

    select distinct snapshots.customer_key
    from {{ ref('stg_account_snapshot') }} as snapshots
    inner join {{ ref('stg_night') }} as night on snapshots.business_date = night.business_date

),

features as (

    select
        customer_key,
        count(*) as row_count
    from {{ ref('ftr_customer') }}
    group by customer_key

)

select
    coalesce(tonight.customer_key, features.customer_key) as customer_key,
    features.row_count
from tonight
full outer join features on tonight.customer_key = features.customer_key
where tonight.customer_key is null or features.row_count is null or features.row_count > 1
