select * from (values
  (1, date '9999-12-31'),
  (2, date '10000-01-01'),
  (3, date '0001-01-01' - 1)
) as t(id, born)
