{# Whether somebody other than the one who acted approved: neither name is empty, and they differ in more than one letter or
   digit. As creditline.home.people reads names; a code holds no other letters than these. #}
{% macro is_approved_by_second_person(actor, approver) -%}
    coalesce(levenshtein({{ _name_key(approver) }}, {{ _name_key(actor) }}) > 1, false)
{%- endmacro %}

{# A name without what makes nobody else: case, blanks, punctuation, and which of the letters that look alike it is; null if
   nothing is left of it. #}
{% macro _name_key(name) -%}
    nullif(translate(lower({{ name }}), '01i ._-', 'oll'), '')
{%- endmacro %}
