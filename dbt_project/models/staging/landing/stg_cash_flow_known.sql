-- Grain: one row a version of delivered_key, flow_date, direction, kind and a customer_key whose flow it is, as stg_cash_flow,
-- that the sums hold which the night before carried over.
{{ cash_flow_versions('cash_flow_known') }}
