{# What a strategy asks for from a limit that it starts from: the edge of the tolerance band around the target, by one step down or up, on
   the customer's slot (docs/reference/decision.md). A cut never goes below tonight's target. #}
{% macro strategy_from(start) -%}
    case
        when keeps_limit then {{ start }}
        when override_minor is not null then override_minor
        when target_minor is null then {{ start }}
        else
            greatest(
                least(
                    greatest(
                        least(greatest({{ start }}, lower_edge_minor), upper_edge_minor),
                        {{ start }} - case
                            when is_cut_slot then {{ start }} - {{ int_div(start ~ ' * (10000 - cut_step_bp)', '10000') }}
                            else 0
                        end
                    ),
                    {{ start }} + case
                        when is_raise_slot
                            then
                                greatest(
                                    {{ int_div(start ~ ' * raise_share_bp', '10000') }},
                                    least({{ int_div('reference_limit_minor * climb_share_bp', '10000') }}, reference_limit_minor - {{ start }})
                                )
                        else 0
                    end
                ),
                least({{ start }}, tonight_target_minor)
            )
    end
{%- endmacro %}
