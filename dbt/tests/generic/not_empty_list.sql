{#- Rows whose list has no element; null passes. The importer's CSV has no form for such a list. -#}
{% test not_empty_list(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ list_length(column_name) }} = 0
{% endtest %}
