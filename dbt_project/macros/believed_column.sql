{# An optional column of tonight's account snapshot, or its value of the last night that trusted it. Reads `versions`, `night`,
   `distrusted` and `trusted`. #}
{% macro believed_column(column) -%}
    case
        when distrusted.{{ column }} and versions.business_date = night.business_date then trusted.{{ column }}
        else versions.{{ column }}
    end
{%- endmacro %}

{# The columns of the account snapshot that can be distrusted by themselves: those that a source may leave out. #}
{% macro optional_snapshot_columns() -%}
    {{ return([
        'minimum_due_amount', 'paid_amount', 'partner_id', 'own_share_bp', 'income_monthly_amount', 'income_as_of_date',
        'raise_consent_code', 'line_end_date', 'forbearance_date', 'risk_class'
    ]) }}
{%- endmacro %}
