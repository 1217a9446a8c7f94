{# The placeholders of reason_text.csv (policy.md) and the stored value that fills each; `(s)` goes with `{n}`. #}
{% macro fill_placeholders(template, lang) -%}
    {%- set filled = namespace(sql=template) -%}
    {%- for placeholder, value in [
        ('(s)', 'plural_text'), ('{n}', 'value_text'), ('{p}', 'percent_text'), ('{amt}', 'amount_text'), ('{k}', 'goal_text'), ('{q}', 'goal_text'),
        ('{rule}', 'rule_text'), ('{date}', 'date_' ~ lang)
    ] -%}
        {%- set filled.sql = "replace(" ~ filled.sql ~ ", '" ~ placeholder ~ "', numbers." ~ value ~ ")" -%}
    {%- endfor -%}
    {{ filled.sql }}
{%- endmacro %}
