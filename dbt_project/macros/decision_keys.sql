{# The key of one of tonight's rows, one BIGINT: that of an account, or of a customer, and the number of the pack that decides it. It
   holds for one night: a pack has another number as soon as another pack is in use. #}
{% macro decision_key(key, pack_number) -%}
    ({{ key }} * {{ max_packs() }} + {{ pack_number }})
{%- endmacro %}

{# Above every number of packs that are ever in use together. #}
{% macro max_packs() %}{{ return(10000) }}{% endmacro %}
