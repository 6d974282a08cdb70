select
    product_name,
    product_category,
    count(*) as purchases
from {{ ref('purchases') }}
where product_name is not null and product_category is not null
group by product_name, product_category
order by {{ by_bytes('product_name') }}, {{ by_bytes('product_category') }}
