-- Grain: one row a customer, day, direction and kind, of the days since the delivery before.

with

flows as (

    select * from money_flow
    where flow_date between getvariable('from_date') and getvariable('business_date')

),

owners as (

    select * from extract.disp
    where type = 'OWNER'

)

select
    printf('BKC%05d', owners.client_id) as customer_id,
    flows.flow_date,
    flows.direction,
    flows.kind,
    sum(flows.amount) as amount,
    count(*) as event_count
from flows
left join owners on flows.account_id = owners.account_id
group by all
