{# Features of devices, addresses and profile (role security in seeds/feature.csv): they freeze, and never score. #}
{% macro security_features() %}
    {{ return([
        'f33_new_devices_7d', 'f34_regions_1d', 'f35_failed_logins_1d', 'f36_proxy_share_7d_bp',
        'f37_customers_per_device', 'f44_profile_changes_30d'
    ]) }}
{% endmacro %}
