from django.urls import path

from portal.rights import views

app_name = "rights"
urlpatterns = [
    path("", views.matrix, name="list"),
    path("new/", views.new, name="new"),
    path("second-factor/", views.factor, name="factor"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/retire/", views.retire, name="retire"),
]
