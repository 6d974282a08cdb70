{#- One row if the table, together with the table `with`, has another number of rows than `as`. -#}
{% test same_count(model, as, with=none) %}
select counts.ours, counts.theirs
from (
    select
        (select count(*) from {{ model }})
            {%- if with %} + (select count(*) from {{ with }}){% endif %} as ours,
        (select count(*) from {{ as }}) as theirs
) as counts
where counts.ours <> counts.theirs
{% endtest %}
