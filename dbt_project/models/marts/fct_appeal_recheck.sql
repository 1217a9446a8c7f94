-- Grain: one row an open appeal, account, night and reason of the cut that the appeal is about.

with

rechecks as (

    select * from {{ ref('dec_appeal_recheck') }}

)

select
    business_date,
    case_id,
    account_key,
    reason_rank,
    reason_code,
    feature,
    source,
    decided_date,
    cited_value,
    value_tonight,
    was_source_distrusted,
    is_source_distrusted,
    is_corrected,
    verdict,
    is_target_higher
from rechecks
