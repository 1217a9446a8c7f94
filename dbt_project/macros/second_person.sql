{# Whether somebody other than the one who acted approved: names differ by more than case or blanks, and neither is empty. #}
{% macro is_approved_by_second_person(actor, approver) -%}
    coalesce(
        nullif(lower(trim({{ approver }})), '') <> nullif(lower(trim({{ actor }})), ''),
        false
    )
{%- endmacro %}
