-- Grain: one row a legal entity and product of tonight's snapshot and role of a pack that decides it. The most specific
-- row of policies/assignment.csv names the champion; `*` matches everything. A challenger decides beside the champion,
-- unless both have the same pack. An assignment depends only on the legal entity and the product, so it is looked up
-- once for all accounts of both.

with

night as (

    select * from {{ ref('stg_night') }}

),

snapshots as (

    select * from {{ ref('stg_account_snapshot') }}

),

assignments as (

    select * from {{ ref('stg_policy_assignment') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

products as (

    select distinct
        snapshots.legal_entity_code,
        snapshots.product_code
    from snapshots
    inner join night on snapshots.business_date = night.business_date

),

matched as (

    select
        products.legal_entity_code,
        products.product_code,
        assignments.policy_version,
        packs.pack_number,
        packs.pack,
        assignments.role,
        assignments.share_bp,
        row_number() over (
            partition by products.legal_entity_code, products.product_code, assignments.role
            order by
                case when assignments.legal_entity_code = '*' then 1 else 0 end,
                case when assignments.product_code = '*' then 1 else 0 end,
                assignments.policy_version
        ) as preference
    from products
    inner join assignments
        on
            assignments.legal_entity_code in (products.legal_entity_code, '*')
            and assignments.product_code in (products.product_code, '*')
    inner join packs on assignments.policy_version = packs.policy_version

),

champions as (

    select * from matched
    where role = 'champion' and preference = 1

),

challengers as (

    select
        matched.*,
        row_number() over (
            partition by matched.legal_entity_code, matched.product_code
            order by matched.preference
        ) as rank_of_challenger
    from matched
    inner join champions
        on matched.legal_entity_code = champions.legal_entity_code and matched.product_code = champions.product_code
    where matched.role = 'challenger' and matched.policy_version <> champions.policy_version

),

chosen as (

    select legal_entity_code, product_code, role, policy_version, pack_number, pack
    from champions

    union all

    select legal_entity_code, product_code, role, policy_version, pack_number, pack
    from challengers
    where rank_of_challenger = 1

)

select
    chosen.*,
    challengers.pack as challenger_pack,
    challengers.share_bp as challenger_share_bp
from chosen
left join challengers
    on
        chosen.legal_entity_code = challengers.legal_entity_code
        and chosen.product_code = challengers.product_code
        and challengers.rank_of_challenger = 1
