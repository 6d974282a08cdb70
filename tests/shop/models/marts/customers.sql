{{ config(alias='people of the shop') }}
select
    c.customer_id,
    c.name,
    count(o.order_id) as orders,
    sum(o.cents) as cents
from {{ ref('stg_customers') }} as c
left join {{ ref('stg_orders') }} as o on o.customer_id = c.customer_id
group by 1, 2
order by 1
