-- Grain: one row a version of delivered_key, flow_date, direction, kind and a customer_key whose flow it is (another
-- key, where customers were merged or split) that arrived since the night before, or within the windows where nothing
-- was carried over. The latest version counts. ftr_cash_flow_window picks it, because only few versions can have
-- changed.
{{ cash_flow_versions('cash_flow') }}
