{# What the decision may have to believe about a customer: the scored features, and the facts that only triggers ask for. #}
{% macro believed_facts() %}
    {{ return(scored_features() + ['bureau_has_new_default']) }}
{% endmacro %}
