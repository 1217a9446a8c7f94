{# The keys of tonight's rows, one BIGINT each: an account, or a customer, and the number of the pack that decides it. They hold for
   one night: a pack has another number as soon as another pack is in use. #}
{% macro decision_key(account_key, pack_number) -%}
    ({{ account_key }} * {{ most_packs() }} + {{ pack_number }})
{%- endmacro %}

{% macro customer_decision_key(customer_key, pack_number) -%}
    ({{ customer_key }} * {{ most_packs() }} + {{ pack_number }})
{%- endmacro %}

{# Above every number of packs that are ever in use together. #}
{% macro most_packs() %}{{ return(10000) }}{% endmacro %}
