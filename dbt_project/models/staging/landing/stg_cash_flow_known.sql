-- Grain: one row a version of delivered_key, flow_date, direction, kind and a customer_key whose flow it is, as in
-- stg_cash_flow, if the sums that the night before carried over contain it.
{{ cash_flow_versions('cash_flow_known') }}
