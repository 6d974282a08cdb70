select * from (values
  (1, ['Adult']),
  (2, ['Child' || chr(0) || 'Pupil'])
) as t(id, kinds)
